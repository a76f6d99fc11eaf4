/**
 * Logging. One seam through which every line goes, so that no secret leaves: credentials inside URLs and the values of
 * known secret keys are blanked in messages, fields and error texts alike, third-party output included.
 */
import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

const SECRET_KEYS = ['password', 'secret', 'authorization', 'cookie', 'token', 'credentials'];

/** What ends a secret inside an address or a sentence; too much blanked is better than too little. */
const REST = String.raw`[^&\s"'\`<>\\,)\]]+`;
/** Some makes want the password inside the path, e.g. `/user=admin&password=…&channel=1` or `/user=admin_password=…`. */
const SECRET_VALUE = new RegExp(
  String.raw`((?:^|[^a-z])(?:pass|passwd|password|pwd|secret|(?:access_)?token)(?:=|%3D))${REST}`,
  'gi',
);
/** Short names are secrets only among an address's parameters: a robot's `?key=…`, a signed address's `&signature=…`. */
const SECRET_PARAMETER = new RegExp(
  String.raw`([?&](?:key|sign|signature|sig|x-amz-signature|x-amz-credential)=)${REST}`,
  'gi',
);

/** Blanks `user:password@` and secret parameters in any URL, and Digest or Basic authorisation values, of a text. */
export function redactText(text: string): string {
  return text
    .replace(SECRET_VALUE, '$1***')
    .replace(SECRET_PARAMETER, '$1***')
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, '$1***@')
    .replace(/\b(Basic|Bearer)\s+[A-Za-z0-9+/=._-]{6,}/g, '$1 ***')
    .replace(/\b(response|nonce|cnonce)="[^"]*"/g, '$1="***"');
}

/** Of an error what tells of it: drivers hang whole connections on theirs. */
function toldOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { type, message, stack, code, details }: Record<string, unknown> = pino.stdSerializers.err(thrown);
  return { type, message, ...(code !== undefined && { code }), ...(details !== undefined && { details }), stack };
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
    serializers: { err: toldOf },
  };
  if (options.destination) return pino(settings, options.destination);
  if (options.pretty) {
    return pino(settings, pino.transport({ target: 'pino-pretty', options: { colorize: process.stdout.isTTY } }));
  }
  return pino(settings);
}

export const silentLogger: Logger = pino({ level: 'silent' });
