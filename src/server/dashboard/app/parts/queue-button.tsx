// Pauses a queue, or ends its pause.
import { ask, pathTo } from "../api.js";
import { ActionButton } from "./action-button.js";

export function QueueButton(props: { queue: string; isPaused: boolean; onDone: () => void }) {
  const { queue, isPaused, onDone } = props;
  const verb = isPaused ? "resume" : "pause";
  const act = () => ask(`${pathTo("queues", queue)}/${verb}`, { method: "POST" }).finally(onDone);
  const text = isPaused ? "Resume" : "Pause";
  return (
    <ActionButton act={act} label={`${text} the queue ${queue}`}>
      {text}
    </ActionButton>
  );
}
