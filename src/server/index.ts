// The HTTP server: API, uploads, dashboard, metrics.
export { type ListenAddress, parseListenAddress } from "./listen-address.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
