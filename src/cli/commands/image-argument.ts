// How the commands name an image.

/** What the help says of an argument that is one. */
export const imageArgument = "an image's id, its name, or a unique prefix of its id";
