// Who may push to and pull from a guarded registry of the tests.
export const registryUser = { username: "stevedore", password: "fork:lift 9" } as const;

/** The same for docker-registry, made by bcrypt. */
export const htpasswd = "stevedore:$2b$05$abcdefghijklmnopqrstuuKKXsXdsr2.mctt7UXjn1ypwI6yT1HzO\n";
