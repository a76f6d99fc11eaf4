/** Words of what a view can see: its own threshold, and the drill. */
import type zhCN from './zh-CN-eye.ts';

const en: typeof zhCN = {
  title: 'Drill',
  what: 'Structures of several kinds and sizes are drawn into this view’s own accepted pictures and judged one by one: how small a structure would be found by day, at dusk and at night. A drill makes no looks and no items.',
  start: 'Start a drill',
  again: 'Drill again',
  goOn: 'Go on with the drill',
  cancel: 'Stop the drill',
  asked: 'The drill waits its turn',
  cancelled: 'The drill was stopped',
  none: 'This view has not been drilled yet.',
  noneHow: 'Only accepted pictures are used; it takes about a minute.',
  needsBaselines: 'A view can be drilled once its pictures are accepted.',
  waiting: 'Waiting for a compare process',
  running: 'Under way: {done} of {all} steps',
  failed: 'The drill failed: {problem}',
  broken: 'The last drill was stopped after {done} of {all} steps; the next one goes on from there.',
  done: 'Done {time}, threshold {score}',
  outdated: 'Accepted pictures or areas have changed since: the result may no longer hold.',
  kind: 'Kind',
  usual: 'Most kinds',
  usualHint: 'At least half of the kinds are found from this size on',
  smallest: 'Smallest that is found, as a share of the picture (in brackets: pixels of a 640 × 360 picture)',
  size: '{share} % (about {width} × {height})',
  notFound: 'not found',
  trials: '{share} %: found in {found} of {of} places',
  shown: 'Drawn at the sizes above; framed red what is not found (drawn at the largest size)',
  notTried: 'No accepted picture in this light',
  threshold: {
    person: 'set by a person',
    pictures: 'by this view’s own pictures',
    model: 'the model’s default',
    unknown: 'the model’s default, not reckoned yet',
    why: '{n} accepted pictures, each judged against the others, score {highest} at most; the model’s default is {model}.',
    looks: '{n} unchanged looks since score {highest} at most (they only ever lower it).',
    at: 'Reckoned {time}',
  },
};

export default en;
