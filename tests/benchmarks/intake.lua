-- Load for wrk: Alertmanager's webhook with alerts that are all new. AGENTOPS_BENCH_GROUP alerts a request; prints one
-- line of JSON at the end: how many were sent and answered, and a thousand quantiles of the latency, in microseconds.

local group = tonumber(os.getenv("AGENTOPS_BENCH_GROUP"))
local run = os.getenv("AGENTOPS_BENCH_RUN")
local models = tonumber(os.getenv("AGENTOPS_BENCH_MODELS"))
local thread_count = 0
local sent = 0

function setup(thread)
  thread:set("number", thread_count)
  thread_count = thread_count + 1
end

local function alert()
  sent = sent + 1
  local model = string.format("model-%03d", sent % models)
  return '{"status":"firing","labels":{"alertname":"EndpointLatencyP99High","model":"' .. model .. '","env":"prod",'
    .. '"endpoint":"' .. model .. '-prod","instance":"i-' .. sent .. '","severity":"warning"},'
    .. '"annotations":{"summary":"p99 of ' .. model .. '-prod is 2.5 s",'
    .. '"description":"The slowest hundredth of the answers takes longer than the service objective.",'
    .. '"runbook_url":"https://runbooks.example/EndpointLatencyP99High.md"},'
    .. '"startsAt":"2026-11-20T12:00:00.123Z","endsAt":"0001-01-01T00:00:00Z",'
    .. '"generatorURL":"http://prometheus.example:9090/graph",'
    .. '"fingerprint":"' .. run .. string.format("%02x%06x", number, sent) .. '"}'
end

function request()
  local alerts = {}
  for place = 1, group do alerts[place] = alert() end
  return wrk.format("POST", nil, nil, '{"version":"4","receiver":"agentops","status":"firing","alerts":['
    .. table.concat(alerts, ",") .. '],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},'
    .. '"externalURL":"http://alertmanager.example:9093","groupKey":"{}:{}","truncatedAlerts":0}')
end

function done(summary, latency, requests)
  local quantiles = {}
  for place = 0, 999 do quantiles[place + 1] = string.format("%d", latency:percentile(math.max(place / 10, 0.001))) end
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"refused":%d,"lost":%d,"seconds":%.6f,"slowest_us":%d,"quantiles_us":[%s]}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency.max, table.concat(quantiles, ",")))
end
