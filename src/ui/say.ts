/** Failures in words, and the short messages that come and go. */
import { ElMessage } from './element.ts';
import { asProblem, type ApiProblem } from './api.ts';
import { i18n } from './i18n.ts';
import { session } from './session.ts';
import { formatTime } from './time.ts';

/** Messages hide neither the bar nor what it says of the connection. */
const BELOW_THE_BAR_PX = 104;

/**
 * Our own sentence where we have one, else the server's in the reader's language. Sentences of ours exist only for what
 * the server cannot say: that it did not answer, and times in the estate's zone.
 */
export function sayProblem(problem: ApiProblem): string {
  const key = `problem.${problem.code.replaceAll('.', '_')}`;
  if (!i18n.global.te(key, 'zh-CN')) return problem.message;
  const { by, until } = problem.details;
  const timeZone = session.me?.estate.timeZone ?? 'UTC';
  return i18n.global.t(key, { by: String(by), until: typeof until === 'string' ? formatTime(until, timeZone) : '' });
}

export function tellProblem(thrown: unknown): void {
  const problem = asProblem(thrown);
  ElMessage({
    type: 'error',
    message: `${sayProblem(problem)} (${problem.code})`,
    duration: 6000,
    showClose: true,
    offset: BELOW_THE_BAR_PX,
  });
}

export function tell(message: string): void {
  ElMessage({ type: 'success', message, duration: 3000, offset: BELOW_THE_BAR_PX });
}
