/**
 * Watches an answer while it arrives, before anything reads it as XML: its length, its depth, and what only an attack
 * or a defect holds.
 */
import { LIMITS } from '../../base/limits.ts';

/**
 * The library strips namespaces with an expression that looks ahead to the next `=` from every `xmlns`: a megabyte of
 * `xmlns` and no `=` would hold the process for minutes. No honest answer goes this long without an attribute.
 */
const LONGEST_GAP_BYTES = 4096;

const EQUALS = 0x3d;
const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
/** Entities defined by the document itself can grow without bound and name files; SOAP forbids them (SOAP 1.2, 5). */
const ENTITY = '<!ENTITY';

export class AnswerGuard {
  #bytes = 0;
  #gapBytes = 0;
  #depth = 0;
  /** The byte before, and what the tag that is being passed is. */
  #before = 0;
  #tag: 'none' | 'begun' | 'opening' = 'none';
  #tail = '';

  /** @returns what is wrong with the answer up to here; undefined while nothing is */
  problemIn(chunk: Buffer): string | undefined {
    this.#bytes += chunk.length;
    if (this.#bytes > LIMITS.onvifAnswerBytes) return `it is longer than ${LIMITS.onvifAnswerBytes} bytes`;
    const text = this.#tail + chunk.toString('latin1');
    if (text.includes(ENTITY)) return 'it defines entities of its own';
    this.#tail = text.slice(1 - ENTITY.length);
    return this.#walk(chunk);
  }

  #walk(chunk: Buffer): string | undefined {
    for (const byte of chunk) {
      if (byte === EQUALS) this.#gapBytes = 0;
      else if (++this.#gapBytes > LONGEST_GAP_BYTES) return 'it is not the XML of a device';
      if (byte === LESS) this.#tag = 'begun';
      else if (this.#tag === 'begun') {
        this.#tag = byte === SLASH || byte === BANG || byte === QUESTION ? 'none' : 'opening';
        if (byte === SLASH) this.#depth--;
        if (this.#tag === 'opening') this.#depth++;
      } else if (byte === GREATER && this.#tag === 'opening') {
        if (this.#before === SLASH) this.#depth--;
        this.#tag = 'none';
      }
      if (this.#depth > LIMITS.onvifAnswerDepth) return `its elements lie more than ${LIMITS.onvifAnswerDepth} deep`;
      this.#before = byte;
    }
    return undefined;
  }
}
