/**
 * Live pictures: one WebSocket a page, `/api/v1/live`, for all its tiles. The page sends {@link LiveAsk} as JSON text; the
 * server answers each tile's {@link LiveTile} as JSON text and its pictures as binary messages: what came of it at one
 * time, piece after piece until the message ends, big-endian:
 *
 *   0  uint8   flags: 1 key unit, 2 follows a loss and shows artefacts until the next key unit, 4 a piece of MPEG-1
 *   1  …       0
 *   4  float64 when it arrived here, UTC ms
 *   12 uint32  the stream's own clock, 90 kHz, wraps (RFC 3550, 5.1); 0 of MPEG-1
 *   16 uint32  length of what follows
 *   20 …       one access unit, Annex B (ITU-T H.264 annex B); or some bytes of an MPEG transport stream (ISO/IEC 13818-1)
 *
 * Of which tile they are a binary message of its number alone says, a uint16, which holds until the next one of this
 * kind: so the pictures are the same bytes for every page.
 */
import { Type, type Static } from 'typebox';
import { Id, Words } from './contract-shapes.ts';

export const LIVE_URL = '/api/v1/live';
export const LIVE_TILE_BYTES = 2;
export const LIVE_HEADER_BYTES = 20;
export const LIVE_KEY_FLAG = 1;
export const LIVE_LOSS_FLAG = 2;
export const LIVE_MPEG1_FLAG = 4;

const TileNumber = Type.Integer({ minimum: 0, maximum: 65_535, description: "the page's own number for the tile" });

export const LiveAsk = Type.Union([
  Type.Object(
    {
      watch: Type.Object(
        {
          tile: TileNumber,
          camera: Id,
          stream: Words('sub', 'main'),
          /** `mpeg1`: made from the small stream for a browser that cannot play the camera's own. */
          format: Type.Optional(Words('source', 'mpeg1')),
          /** For one who steers by it: pictures come within a tenth of a second, which costs the server more. */
          soon: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { unwatch: Type.Object({ tile: TileNumber }, { additionalProperties: false }) },
    { additionalProperties: false },
  ),
]);
export type LiveAsk = Static<typeof LiveAsk>;

export const LiveTile = Type.Object({
  tile: TileNumber,
  /** `masked`: a part of its picture must not be shown, so only stills of it are; `refused`: the ask was not good. */
  state: Words('connecting', 'playing', 'waiting', 'masked', 'unknown', 'refused'),
  codec: Type.Optional(Words('h264', 'h265', 'mpeg4', 'mpeg1')),
  problem: Type.Optional(Type.String({ description: 'a code of the error table' })),
});
export type LiveTile = Static<typeof LiveTile>;
