// How a click in a message, a modal or the App Home reaches the app.

import { api } from "./api.js";
import { formValues } from "./form_values.js";
import { inWords, track } from "./pending.js";
import { store } from "./state.js";

/** The surface (see blocks/index.js) of a message, view or home; `values` hold what is filled in there. */
export function surfaceOf(kind, container) {
  const values = formValues(container.view_id ?? `${store.me}/${container.channel}/${container.ts}`);
  return {
    kind,
    container,
    values,
    me: () => store.me,
    act: (action, key) =>
      track(key, async () => {
        const answer = await api.act(store.me, container, { ...action, state: values.asState() });
        return answer.ok ? null : inWords(answer.error);
      }),
  };
}
