/**
 * Logging. One seam through which every line goes, so that no secret leaves: credentials inside URLs and the values of
 * known secret keys are blanked in messages, fields and error texts alike, third-party output included.
 */
import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

const SECRET_KEYS = ['password', 'secret', 'authorization', 'cookie', 'token', 'credentials'];

/** Blanks `user:password@` in any URL, and Digest or Basic authorisation values, of a text. */
export function redactText(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, '$1***@')
    .replace(/\b(Basic|Bearer)\s+[A-Za-z0-9+/=._-]{6,}/g, '$1 ***')
    .replace(/\b(response|nonce|cnonce)="[^"]*"/g, '$1="***"');
}

/**
 * @param level pino's level name
 * @param pretty people read this log on a terminal rather than a collector
 * @param destination where lines go instead of standard output (tests)
 */
export function createLogger(options: {
  level: string;
  pretty?: boolean;
  destination?: { write(line: string): void };
}): Logger {
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '***' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: redactText },
  };
  if (options.destination) return pino(settings, options.destination);
  if (options.pretty) {
    return pino(settings, pino.transport({ target: 'pino-pretty', options: { colorize: process.stdout.isTTY } }));
  }
  return pino(settings);
}

export const silentLogger: Logger = pino({ level: 'silent' });
