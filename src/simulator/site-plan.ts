/**
 * The simulated estate from above: where its buildings stand, where its cameras hang and look, and a picture of it drawn
 * from nothing but that. Lengths are pixels of the picture, angles degrees clockwise from its top, which is north.
 */
import { outlineText } from '../drivers/print/print.ts';

export const SITE_SIZE = { widthPx: 1600, heightPx: 1000 } as const;

type Corners = readonly (readonly [x: number, y: number])[];

export interface SiteBuilding {
  readonly name: string;
  readonly storeys: number;
  readonly corners: Corners;
}

export interface SiteCamera {
  /** Of the camera in the estate's file. */
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly headingDeg: number;
  readonly spreadDeg: number;
  readonly reachPx: number;
}

const block = (name: string, storeys: number, x: number, y: number, width = 170, depth = 66): SiteBuilding => ({
  name,
  storeys,
  corners: [
    [x, y],
    [x + width, y],
    [x + width, y + depth],
    [x, y + depth],
  ],
});

export const SITE_BUILDINGS: readonly SiteBuilding[] = [
  block('15号楼', 18, 110, 120),
  block('8号楼', 18, 350, 120),
  block('10号楼', 11, 590, 120),
  block('18号楼', 18, 900, 120),
  block('12号楼', 11, 1140, 120),
  block('3号楼', 11, 350, 330),
  block('5号楼', 11, 110, 330),
  block('30号楼', 30, 690, 330, 120, 120),
  block('11号楼', 11, 920, 330),
  block('6号楼', 11, 1160, 330, 150),
  block('1号楼', 18, 170, 700),
  block('2号楼', 18, 420, 700),
  block('4号楼', 11, 1160, 560, 150),
];

export const SITE_CAMERAS: readonly SiteCamera[] = [
  { key: 'roof-1', x: 330, y: 712, headingDeg: 270, spreadDeg: 78, reachPx: 130 },
  { key: 'roof-3', x: 360, y: 345, headingDeg: 100, spreadDeg: 76, reachPx: 140 },
  { key: 'facade-2', x: 505, y: 830, headingDeg: 0, spreadDeg: 64, reachPx: 110 },
  { key: 'facade-5', x: 195, y: 470, headingDeg: 0, spreadDeg: 70, reachPx: 110 },
  { key: 'gate', x: 770, y: 935, headingDeg: 350, spreadDeg: 84, reachPx: 150 },
  { key: 'main-road', x: 790, y: 560, headingDeg: 178, spreadDeg: 58, reachPx: 200 },
  { key: 'fire-lane', x: 1235, y: 410, headingDeg: 180, spreadDeg: 52, reachPx: 150 },
  { key: 'backyard-4', x: 1320, y: 545, headingDeg: 285, spreadDeg: 74, reachPx: 120 },
  { key: 'wall-north', x: 860, y: 62, headingDeg: 268, spreadDeg: 50, reachPx: 220 },
  { key: 'garden', x: 900, y: 620, headingDeg: 120, spreadDeg: 80, reachPx: 150 },
  { key: 'garage', x: 645, y: 690, headingDeg: 200, spreadDeg: 86, reachPx: 90 },
  { key: 'corridor-2', x: 455, y: 735, headingDeg: 90, spreadDeg: 60, reachPx: 90 },
  { key: 'lobby-1', x: 225, y: 740, headingDeg: 20, spreadDeg: 80, reachPx: 60 },
  { key: 'dome-east', x: 790, y: 372, headingDeg: 65, spreadDeg: 130, reachPx: 420 },
  { key: 'dome-west', x: 708, y: 372, headingDeg: 300, spreadDeg: 130, reachPx: 420 },
];

/** Streets and lawns, under everything: paths with a width and a colour. */
const ROADS: readonly { readonly d: string; readonly width: number }[] = [
  { d: 'M770 960V90', width: 46 },
  { d: 'M90 250H1440', width: 34 },
  { d: 'M90 520H1440', width: 34 },
  { d: 'M90 640H1440', width: 26 },
  { d: 'M90 250V860H690M1440 250V860H850', width: 26 },
];
const FIRE_LANE = 'M1235 404V556';
const LABELS: readonly { readonly text: string; readonly x: number; readonly y: number; readonly sizePx: number }[] = [
  { text: '南门', x: 770, y: 985, sizePx: 24 },
  { text: '主干道', x: 770, y: 800, sizePx: 20 },
  { text: '中心花园', x: 1010, y: 735, sizePx: 22 },
  { text: '消防通道', x: 1235, y: 490, sizePx: 16 },
  { text: '地下车库入口', x: 640, y: 668, sizePx: 15 },
  { text: '北', x: 1500, y: 128, sizePx: 26 },
];

/** @returns the picture as SVG: outlines alone, which need no font where they are drawn */
export function drawSitePlan(): string {
  const { widthPx, heightPx } = SITE_SIZE;
  const road = (d: string, width: number, colour: string): string =>
    `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
  const buildings = SITE_BUILDINGS.map(({ corners, storeys }) => {
    const shadow = Math.min(16, 4 + storeys / 3);
    const points = corners.map(([x, y]) => `${x},${y}`).join(' ');
    const cast = corners.map(([x, y]) => `${x + shadow},${y + shadow}`).join(' ');
    return `<polygon points="${cast}" fill="#9fb09a"/><polygon points="${points}" fill="#f6f2ea" stroke="#7b8794" stroke-width="3"/>`;
  });
  const labels = LABELS.map(({ text, x, y, sizePx }) => {
    const { path, widthPx: long } = outlineText(text, sizePx);
    return `<path transform="translate(${x - long / 2} ${y})" d="${path}" fill="#3d4a57" stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}">
    <rect width="${widthPx}" height="${heightPx}" fill="#e9ede4"/>
    <rect x="50" y="40" width="1430" height="920" fill="#cfe0c3" stroke="#8b8578" stroke-width="8"/>
    ${ROADS.map(({ d, width }) => road(d, width + 6, '#b9bfc6')).join('')}
    ${ROADS.map(({ d, width }) => road(d, width, '#e3e6ea')).join('')}
    ${road(FIRE_LANE, 40, '#f0c9b8')}
    <path d="${FIRE_LANE}" fill="none" stroke="#c2281b" stroke-width="4" stroke-dasharray="14 10"/>
    <ellipse cx="1010" cy="700" rx="130" ry="62" fill="#a9cf9a" stroke="#7fa873" stroke-width="4"/>
    <ellipse cx="1040" cy="712" rx="44" ry="20" fill="#a8d0e6"/>
    <rect x="612" y="676" width="64" height="30" fill="#8d96a0"/>
    <path d="M1500 60L1516 100L1500 90L1484 100Z" fill="#3d4a57"/>
    ${buildings.join('')}
    ${labels.join('')}
  </svg>`;
}
