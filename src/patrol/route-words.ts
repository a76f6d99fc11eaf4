/** What is wrong with a route, in English and Chinese. `{name}` is filled from the problem's details. */
import type { ProblemCode, RouteProblem } from './route.ts';
import { wallClockMs, weekdayOf } from './timetable.ts';

export type Language = 'en' | 'zh';

const WORDS: Readonly<Record<ProblemCode, Readonly<Record<Language, string>>>> = {
  overlap: {
    en: 'from {from} to {to} the route "{route}" of the same priority {priority} goes too; change the times, or give one of them more priority',
    zh: '{from} 至 {to} 与同优先级（{priority}）的路线“{route}”时间重叠，请调整时间或提高其中一条的优先级',
  },
  unreachable: {
    en: 'the window {from}–{to} lasts {minutes} min, but one round takes about {roundMinutes} min: not every stop can be reached in it',
    zh: '时间段 {from}–{to} 只有 {minutes} 分钟，而走完一圈约需 {roundMinutes} 分钟，部分停靠点无法到达',
  },
  unknown_preset: {
    en: 'stop {stop} ({name}): the camera knows no preset "{preset}"',
    zh: '第 {stop} 个停靠点（{name}）：摄像机没有预置位“{preset}”',
  },
  bad_time_zone: { en: 'there is no time zone "{zone}"', zh: '不存在时区“{zone}”' },
  no_stops: { en: 'it has no stops', zh: '没有停靠点' },
  no_windows: { en: 'it has no times, so it never goes by itself', zh: '没有设定时间，不会自动运行' },
  no_target: {
    en: 'stop {stop} must have either a preset or a position',
    zh: '第 {stop} 个停靠点须指定预置位或位置，且只能指定一项',
  },
  same_stop_twice: {
    en: 'stops {stop} and {next} are the same place one after the other',
    zh: '第 {stop} 和第 {next} 个停靠点是同一位置',
  },
  shadowed: {
    en: 'it never goes: whenever it should, a route of more priority goes ({routes}); give it more, or other times',
    zh: '不会运行：它的全部时间都被优先级更高的路线（{routes}）占用，请提高优先级或调整时间',
  },
};

const DAYS: Readonly<Record<Language, readonly string[]>> = {
  en: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  zh: ['周一', '周二', '周三', '周四', '周五', '周六', '周日'],
};

/** @param timeZone in which moments are told */
export function problemText({ code, details }: RouteProblem, language: Language, timeZone: string): string {
  return WORDS[code][language].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name] ?? '';
    // Moments are told by the week, which is what a timetable is written in.
    return code === 'overlap' && typeof value === 'number' && (name === 'from' || name === 'to')
      ? momentText(value, language, timeZone)
      : String(value);
  });
}

export function problemsText(problems: readonly RouteProblem[], language: Language, timeZone: string): string {
  return problems.map((problem) => problemText(problem, language, timeZone)).join(language === 'zh' ? '；' : '; ');
}

function momentText(atMs: number, language: Language, timeZone: string): string {
  const wallMs = wallClockMs(timeZone, atMs);
  return `${DAYS[language][weekdayOf(wallMs) - 1]} ${new Date(wallMs).toISOString().slice(11, 16)}`;
}
