// A form that enqueues a job, and below it the jobs that it has enqueued, live.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { JobRecord } from "../api-types.js";
import { LiveJob, startJob } from "../parts/index.js";
import { Form } from "./form.js";
import { JobOutcome } from "./job-outcome.js";

interface JobFormProps {
  /** The kind of the job. */
  readonly kind: string;
  readonly label: string;
  readonly submit: string;
  /** What the job's data has besides the fields. */
  readonly given?: Readonly<Record<string, unknown>>;
  readonly children?: ComponentChildren;
  readonly notYet?: string | undefined;
  readonly onStart?: ((job: JobRecord) => void) | undefined;
  readonly onEnd?: ((job: JobRecord) => void) | undefined;
}

export function JobForm(props: JobFormProps) {
  const { kind, label, submit, given, children, notYet, onStart, onEnd } = props;
  const { jobs, add } = useStartedJobs();
  const start = async (data: Record<string, unknown>) => {
    const job = await startJob(kind, { ...data, ...given });
    add(job);
    onStart?.(job);
  };
  return (
    <>
      <Form label={label} submit={submit} act={start} notYet={notYet}>
        {children}
      </Form>
      <StartedJobs jobs={jobs} onEnd={onEnd} />
    </>
  );
}

/** The jobs that were started on this page, the newest first. */
export function useStartedJobs() {
  const [jobs, setJobs] = useState<readonly JobRecord[]>([]);
  const add = (job: JobRecord) => setJobs((last) => [job, ...last.filter(({ id }) => id !== job.id)]);
  return { jobs, add };
}

/** @param children more of what became of each, once it has ended */
export function StartedJobs(props: {
  jobs: readonly JobRecord[];
  onEnd?: ((job: JobRecord) => void) | undefined;
  children?: (job: JobRecord) => ComponentChildren;
}) {
  return props.jobs.map((job) => (
    <LiveJob key={job.id} started={job} onEnd={(ended) => props.onEnd?.(ended)}>
      {(ended) => (
        <>
          <JobOutcome job={ended} />
          {props.children?.(ended)}
        </>
      )}
    </LiveJob>
  ));
}
