// The filters: a window, a tenant, a type. They are in the URL, so that a link shows what its sender saw, and the browser's
// back button works.
const minute = 60_000;

export const windows = {
  "1h": { minutes: 60, bucket: "PT1M", step: minute, name: "the last hour", each: "a minute" },
  "6h": { minutes: 360, bucket: "PT5M", step: 5 * minute, name: "the last 6 hours", each: "5 minutes" },
  "24h": { minutes: 1440, bucket: "PT30M", step: 30 * minute, name: "the last 24 hours", each: "30 minutes" },
  "7d": { minutes: 10080, bucket: "PT3H", step: 180 * minute, name: "the last 7 days", each: "3 hours" },
};

export const read_state = () => {
  const query = new URLSearchParams(location.search);
  const window = query.get("window");
  return { window: Object.hasOwn(windows, window) ? window : "1h", tenant: query.get("tenant") ?? "", type: query.get("type") ?? "" };
};

/** Adds an entry to the browser's history, unless the state is the current one. */
export const write_state = (state) => {
  const query = new URLSearchParams();
  if (state.window !== "1h") query.set("window", state.window);
  if (state.tenant) query.set("tenant", state.tenant);
  if (state.type) query.set("type", state.type);
  const search = query.size > 0 ? `?${query}` : "";
  if (search !== location.search) history.pushState(null, "", location.pathname + search);
};
