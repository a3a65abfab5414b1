// Everything the page asks of the sandbox, all under /_sandbox/ with the page's own cookie.

/** A refused or failed request: `status` is 0 when nothing answered; `body` is the answer's JSON, if any. */
export class ApiError extends Error {
  constructor(status, body) {
    super(
      body?.message ??
        body?.error ??
        (status ? `the sandbox answered ${status}` : "the sandbox did not answer"),
    );
    this.status = status;
    this.body = body;
  }
}

async function request(method, path, body) {
  let response;
  try {
    response = await fetch(`/_sandbox/${path}`, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, null);
  }
  const parsed = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, parsed);
  return parsed;
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given).toString();
}

const at = encodeURIComponent;

export const api = {
  state: () => request("GET", "state"),
  scenarios: () => request("GET", "scenarios"),
  startScenario: (name) => request("POST", `scenarios/${at(name)}`, {}),
  reset: () => request("POST", "reset", {}),
  world: () => request("GET", "world"),

  messages: (channel, persona, threadTs) =>
    request("GET", `slack/messages?${query({ channel, persona, thread_ts: threadTs })}`),
  post: (persona, channel, text, threadTs) =>
    request("POST", "slack/messages", {
      persona,
      channel,
      text,
      ...(threadTs ? { thread_ts: threadTs } : {}),
    }),
  act: (persona, container, action) => request("POST", "slack/actions", { persona, container, ...action }),
  command: (persona, channel, text) => request("POST", "slack/commands", { persona, channel, text }),

  views: (persona) => request("GET", `slack/views?${query({ persona })}`),
  submitView: (persona, viewId, values) =>
    request("POST", `slack/views/${at(viewId)}/submit`, { persona, values }),
  closeView: (persona, viewId) => request("POST", `slack/views/${at(viewId)}/close`, { persona }),

  openHome: (persona) => request("POST", "slack/home", { persona }),
  home: (persona) => request("GET", `slack/home?${query({ persona })}`),
};

/** The address of an uploaded file's bytes. */
export const fileAddress = (id) => `/_sandbox/slack/files/${at(id)}`;
