// What the pages of the dashboard may load: nothing that does not come from this server, and no script or style that
// stands in a page itself.

/** For helmet, as the directives of `Content-Security-Policy` (CSP Level 3). */
export const pagePolicy = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", "data:"],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
};
