// One search for all that has an id or a name: images by names, ids and comments, jobs by their id or their image.
import { z } from "zod";
import { JobError, longestJobId } from "../../jobs/index.js";
import { type ImageCatalog, type ImageSearch, type NamesByImage, searchImages } from "../../listing/index.js";
import type { JobRecord, Producer } from "../../producer/index.js";
import type { App, ServerContext } from "../context.js";
import { jobRecord } from "./jobs/index.js";
import { problemsOf } from "./problems-of.js";

/** The most jobs of an answer. */
const mostJobs = 10;

const query = z.object({
  q: z
    .string()
    .trim()
    .min(1)
    .max(1_000)
    .meta({ description: "The beginning of an image's id, words of names and comments, or the id of a job" }),
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: "The most images" }),
});

const answer = z
  .object({
    images: z
      .array(
        z.object({
          id: z.string(),
          names: z.array(z.string()),
          comment: z.string().nullable(),
          match: z.enum(["name", "id", "comment"]).meta({ description: "What of it matches" }),
        }),
      )
      .meta({ description: "By names first, then by the beginning of ids, then by comments" }),
    total: z.int().nonnegative().meta({ description: "How many images match" }),
    jobs: z
      .array(jobRecord)
      .nullable()
      .meta({
        description: `The jobs of this id, or the newest ${mostJobs} that are about the one image that is meant; null while Redis does not answer`,
      }),
    target: z
      .object({ kind: z.enum(["image", "job"]), id: z.string(), queue: z.string().nullable() })
      .nullable()
      .meta({
        description: "What is meant without doubt: it has this id or name, or nothing else was found",
      }),
  })
  .meta({ id: "SearchAnswer" });

/** `/api/v1/search`, over a catalog of the images. */
export function addSearchRoute(
  app: App,
  { producer }: ServerContext,
  catalog: () => Promise<ImageCatalog>,
  names: () => Promise<NamesByImage>,
): void {
  app.get(
    "/api/v1/search",
    {
      schema: {
        tags: ["images"],
        operationId: "search",
        summary: "Images and jobs, by what somebody types",
        querystring: query,
        response: { 200: answer, ...problemsOf(400) },
      },
    },
    async ({ query: { q, limit } }) => {
      const { images } = await catalog();
      const search = searchImages(images, await names(), q, limit);
      const jobs = await findJobs(producer, q, search);
      return {
        images: search.found.map(({ image: { id, comment }, names: own, match }) => ({
          ...{ id, comment, match },
          names: [...own],
        })),
        total: search.total,
        jobs,
        target: targetOf(search, jobs ?? []),
      };
    },
  );
}

/** None of these looks through all jobs. */
async function findJobs(
  producer: Producer,
  text: string,
  { meant }: ImageSearch,
): Promise<JobRecord[] | null> {
  try {
    if (meant !== undefined) return await producer.latestAbout(meant.id, mostJobs);
    return text.length <= longestJobId ? await producer.withId(text) : [];
  } catch (error) {
    if (error instanceof JobError && error.code === "QUEUE_UNAVAILABLE") return null;
    throw error;
  }
}

function targetOf({ meant, total }: ImageSearch, jobs: readonly JobRecord[]) {
  if (meant !== undefined) return { kind: "image" as const, id: meant.id, queue: null };
  const [job, ...others] = jobs;
  if (job === undefined || others.length > 0 || total > 0) return null;
  return { kind: "job" as const, id: job.id, queue: job.queue };
}
