// How far a job is: a bar, and the same in words.
import type { Progress } from "../api-types.js";
import { formatBytes, formatCount, formatRate, formatSeconds } from "../format.js";

export function ProgressBar({ label, progress }: { label: string; progress: Progress | null | undefined }) {
  const share = shareOf(progress);
  return (
    <span class="progress">
      <progress aria-label={label} max={1} value={share} />
      <span class="figures">{describe(progress)}</span>
    </span>
  );
}

/** Undefined while it is not known. */
function shareOf(progress: Progress | null | undefined): number | undefined {
  if (!progress) return undefined;
  const { done, total, bytesDone, bytesTotal } = progress;
  // Of a batch the bytes tell more: its images are of very different sizes.
  if (bytesDone !== undefined && bytesTotal) return Math.min(1, bytesDone / bytesTotal);
  return total > 0 ? Math.min(1, done / total) : undefined;
}

function describe(progress: Progress | null | undefined): string {
  const share = shareOf(progress);
  if (!progress || share === undefined) return "…";
  const { done, total, unit, bytesPerSecond, secondsLeft } = progress;
  const amount =
    unit === "bytes"
      ? `${formatBytes(Math.round(done))} of ${formatBytes(total)}`
      : `${formatCount(done)} of ${formatCount(total)} ${unit}`;
  return [
    `${Math.floor(share * 100)} %`,
    amount,
    ...(bytesPerSecond ? [formatRate(bytesPerSecond)] : []),
    ...(secondsLeft === undefined || share === 1 ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ].join(" · ");
}
