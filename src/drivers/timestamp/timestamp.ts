/**
 * Time stamps of an outside authority (RFC 3161) over HTTP: its signed word that these bytes were there at that time. A
 * token is checked before it is believed, by itself and with nothing of the authority running: its imprint, its signature,
 * the certificate it names (RFC 5035), that this certificate may stamp and nothing else, and its chain to a root one trusts.
 *
 * Errors: `timestamp.unreachable`, `timestamp.refused`, `timestamp.invalid`, `timestamp.authority_unusable`.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fromBER, Integer, OctetString, Sequence } from 'asn1js';
import {
  AlgorithmIdentifier,
  Certificate,
  ContentInfo,
  type ExtKeyUsage,
  MessageImprint,
  PKIStatus,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
  type SignerInfo,
} from 'pkijs';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

export interface TimestampAuthority {
  /** Without credentials. */
  readonly url: string;
  /** Certificates one trusts, PEM: the authority's root, and what lies between where it does not send that itself. */
  readonly trusted: readonly Certificate[];
}

export interface Timestamp {
  /** TimeStampToken in DER: what is kept and handed on. */
  readonly token: Buffer;
  readonly genTimeMs: number;
}

const SHA256 = '2.16.840.1.101.3.4.2.1';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** @param caFile PEM file of one certificate or more */
export async function openAuthority(url: string, caFile: string): Promise<TimestampAuthority> {
  try {
    const pems = (await readFile(caFile, 'utf8')).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    if (!pems) throw new Error('it holds no certificate in PEM');
    return { url, trusted: pems.map((pem) => Certificate.fromBER(new X509Certificate(pem).raw)) };
  } catch (thrown) {
    throw new SentinelError(
      'timestamp.authority_unusable',
      { file: caFile, problem: problemOf(thrown) },
      { cause: thrown },
    );
  }
}

/** Has the authority stamp a message, and checks what it answers. */
export async function requestTimestamp(
  authority: TimestampAuthority,
  message: Uint8Array,
  clock: Clock,
): Promise<Timestamp> {
  const host = new URL(authority.url).host;
  // RFC 3161 section 2.4.1: the nonce ties the answer to this question. Positive, so that no encoding can differ.
  const nonce = Buffer.concat([Buffer.of(1), randomBytes(8)]);
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }),
      hashedMessage: new OctetString({ valueHex: bufferOf(digest('sha256', message)) }),
    }),
    nonce: new Integer({ valueHex: bufferOf(nonce) }),
    certReq: true,
  });
  const answer = await post(authority.url, host, Buffer.from(request.toSchema().toBER(false)), clock);
  let response: TimeStampResp;
  try {
    response = TimeStampResp.fromBER(bufferOf(answer));
  } catch (thrown) {
    throw new SentinelError('timestamp.invalid', { host, problem: 'it is no time-stamp response' }, { cause: thrown });
  }
  if (![PKIStatus.granted, PKIStatus.grantedWithMods].includes(response.status.status) || !response.timeStampToken) {
    const words = response.status.statusStrings?.map(({ valueBlock }) => valueBlock.value).join('; ');
    throw new SentinelError('timestamp.refused', { host, problem: words || `status ${response.status.status}` });
  }
  const token = tokenIn(answer);
  const stamp = await verifyTimestamp(token, message, authority.trusted, host);
  if (!stamp.nonce?.equals(nonce)) throw invalid(host, 'it answers another question (nonce)');
  return { token, genTimeMs: stamp.genTimeMs };
}

/**
 * Whether the token is the authority's over the message.
 * @param trusted roots, and what lies between where the token does not bring it
 * @param host for an error alone
 * @throws SentinelError timestamp.invalid saying what is wrong
 */
export async function verifyTimestamp(
  token: Uint8Array,
  message: Uint8Array,
  trusted: readonly Certificate[],
  host = 'the authority',
): Promise<{ genTimeMs: number; nonce: Buffer | undefined }> {
  const { signedData, info } = readToken(token, host);
  const imprint = info.messageImprint;
  const algorithm = DIGESTS[imprint.hashAlgorithm.algorithmId];
  if (!algorithm) throw invalid(host, `its imprint is made by ${imprint.hashAlgorithm.algorithmId}`);
  if (!digest(algorithm, message).equals(Buffer.from(imprint.hashedMessage.valueBlock.valueHexView))) {
    throw invalid(host, 'it is over something else');
  }
  const [signer, ...others] = signedData.signerInfos;
  if (!signer || others.length > 0) throw invalid(host, 'it is not signed by exactly one');
  const result = await signedData
    .verify({
      signer: 0,
      data: bufferOf(message),
      trustedCerts: [...trusted],
      checkChain: true,
      checkDate: info.genTime,
      extendedMode: true,
    })
    .catch((thrown: unknown) => thrown as { signatureVerified?: boolean; message?: string });
  const certificate = 'signerCertificate' in result ? result.signerCertificate : undefined;
  const isTrusted = 'signerCertificateVerified' in result && result.signerCertificateVerified === true;
  if (!result.signatureVerified || !isTrusted || !certificate) {
    throw invalid(
      host,
      result.message || 'its signature does not hold, or its certificate leads to none that is trusted',
    );
  }
  const usage = certificate.extensions?.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE);
  const purposes = (usage?.parsedValue as ExtKeyUsage | undefined)?.keyPurposes ?? [];
  // RFC 3161 section 2.3: critical, and this purpose alone.
  if (!usage?.critical || purposes.length !== 1 || purposes[0] !== TIME_STAMPING) {
    throw invalid(host, 'its certificate is not one for time stamps alone');
  }
  if (!namesCertificate(signer, certificate)) throw invalid(host, 'it does not name the certificate it is signed with');
  const nonce = info.nonce && Buffer.from(info.nonce.valueBlock.valueHexView);
  return { genTimeMs: info.genTime.getTime(), nonce };
}

/** The token as the authority encoded it: the second part of its response. */
function tokenIn(response: Buffer): Buffer {
  const token = sequenceOf(fromBER(bufferOf(response)).result)?.[1];
  return token instanceof Sequence ? Buffer.from(token.valueBeforeDecodeView) : Buffer.alloc(0);
}

function readToken(token: Uint8Array, host: string): { signedData: SignedData; info: TSTInfo } {
  try {
    const content = ContentInfo.fromBER(bufferOf(token));
    if (content.contentType !== ContentInfo.SIGNED_DATA) throw new Error('it is not signed data');
    const signedData = new SignedData({ schema: content.content });
    const { eContentType, eContent } = signedData.encapContentInfo;
    if (eContentType !== TST_INFO || !eContent) throw new Error('it holds no time stamp');
    return { signedData, info: TSTInfo.fromBER(bufferOf(new Uint8Array(eContent.getValue()))) };
  } catch (thrown) {
    throw new SentinelError(
      'timestamp.invalid',
      { host, problem: `it cannot be read: ${problemOf(thrown)}` },
      { cause: thrown },
    );
  }
}

/** RFC 2634 section 5.4 and RFC 5035: the first certificate that the signed attribute names is the signer's. */
function namesCertificate(signer: SignerInfo, certificate: Certificate): boolean {
  const der = Buffer.from(certificate.toSchema().toBER(false));
  for (const { type, values } of signer.signedAttrs?.attributes ?? []) {
    if (type !== SIGNING_CERTIFICATE && type !== SIGNING_CERTIFICATE_V2) continue;
    const certIds = sequenceOf(values[0])?.[0];
    const first = sequenceOf(sequenceOf(certIds)?.[0]);
    const hash = first?.find((part) => part instanceof OctetString);
    if (!hash) return false;
    // The algorithm stands before the hash where it is not the default one.
    const stated = sequenceOf(first?.[0])?.[0] as { valueBlock?: { toString(): string } } | undefined;
    const algorithm =
      type === SIGNING_CERTIFICATE ? 'sha1' : stated ? DIGESTS[String(stated.valueBlock)] : DIGESTS[SHA256];
    return algorithm !== undefined && digest(algorithm, der).equals(Buffer.from(hash.valueBlock.valueHexView));
  }
  return false;
}

function sequenceOf(part: unknown): readonly unknown[] | undefined {
  return part instanceof Sequence ? part.valueBlock.value : undefined;
}

async function post(url: string, host: string, body: Buffer, clock: Clock): Promise<Buffer> {
  const abort = new AbortController();
  const timer = clock.after(LIMITS.timestampMs, () => abort.abort(new Error(`no answer in ${LIMITS.timestampMs} ms`)));
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: new Uint8Array(body),
      redirect: 'error',
      signal: abort.signal,
    });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > LIMITS.timestampBytes) throw new Error(`its answer is larger than ${LIMITS.timestampBytes} bytes`);
      chunks.push(Buffer.from(chunk));
    }
    return Buffer.concat(chunks);
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new SentinelError('timestamp.unreachable', { host, problem: problemOf(cause) }, { cause: thrown });
  } finally {
    timer.cancel();
  }
}

function invalid(host: string, problem: string): SentinelError {
  return new SentinelError('timestamp.invalid', { host, problem });
}

function digest(algorithm: string, bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
