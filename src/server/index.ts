// The door of server: API, uploads, dashboard, metrics.
export { readTokenFile, tokenFileWarning, tokensOfEnvironment } from "./auth/index.js";
export { defaultListenAddress, type ListenAddress, parseListenAddress } from "./listen-address.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
