// Ends each connection with its answer. A test starts a server for each answer, and a port
// may come again: a connection that the client had kept from the earlier server would then be
// dead, and the request fail for a reason that has nothing to do with what is tested.
const { fetch } = globalThis;
globalThis.fetch = (resource, init) => {
  const headers = new Headers(init?.headers);
  headers.set("connection", "close");
  return fetch(resource, { ...init, headers });
};
