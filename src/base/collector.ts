/**
 * How the collector of this process works; imported first, before there is much to collect. What hundreds of streams leave
 * behind is gone within a moment, and V8's own choice does not suit it: its young generation grows to two spaces of 16 MB,
 * more than the room that its old generation (60 MB, growing by a tenth) has left, so that it marks the whole heap again
 * every two seconds, on five threads. A young generation that stays small, and an old one that may grow by two fifths before
 * it is marked, take an eighth off what looking costs (docs/decisions.md). Both are read by V8 whenever it collects.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=40');
