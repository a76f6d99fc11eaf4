/**
 * A time-stamping authority on a loopback port: OpenSSL's own (`openssl ts -reply`) behind HTTP, with a root, an
 * intermediate and a stamping certificate made for it.
 */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TimeAuthority {
  readonly url: string;
  /** PEM of root and intermediate. */
  readonly caFile: string;
  readonly dir: string;
  /** What it answers from now on: passes OpenSSL's answer through, or something else. */
  answer: (query: Buffer, genuine: () => Promise<Buffer>) => Promise<Buffer | number>;
  /** OpenSSL's own word on a token over a message. */
  verify(token: Uint8Array, message: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

export async function startTimeAuthority(
  options: { purpose?: string; keyType?: 'rsa' | 'ec' } = {},
): Promise<TimeAuthority> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-tsa-'));
  const at = (name: string): string => path.join(dir, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: dir });
  const newKey = options.keyType === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] : ['rsa:2048'];
  const certify = async (name: string, subject: string, issuer: string | undefined, extensions: string) => {
    await writeFile(at(`${name}.ext`), extensions);
    await openssl(
      'req',
      '-new',
      '-newkey',
      ...newKey,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-subj',
      subject,
      '-out',
      `${name}.csr`,
    );
    const signer = issuer
      ? ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial']
      : ['-signkey', `${name}.key`];
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signer,
      '-days',
      '30',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  };
  const isCa = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
  await certify('root', '/CN=Test Root', undefined, isCa);
  await certify('middle', '/CN=Test Middle', 'root', isCa);
  const purpose = options.purpose ?? 'critical,timeStamping';
  await certify('tsa', '/CN=Test TSA', 'middle', `keyUsage=critical,digitalSignature\nextendedKeyUsage=${purpose}\n`);
  await writeFile(at('ca.pem'), (await readFile(at('root.pem'), 'utf8')) + (await readFile(at('middle.pem'), 'utf8')));
  await writeFile(at('serial'), '01\n');
  await writeFile(
    at('ts.cnf'),
    `[tsa]\ndefault_tsa = one\n[one]\nserial = ${at('serial')}\nsigner_cert = ${at('tsa.pem')}\nsigner_key = ${at('tsa.key')}\ncerts = ${at('middle.pem')}
signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha512\nordering = yes\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n`,
  );
  let turn = 0;
  const authority: TimeAuthority = {
    url: '',
    caFile: at('ca.pem'),
    dir,
    answer: (_query, genuine) => genuine(),
    async verify(token, message) {
      const n = turn++;
      await writeFile(at(`token-${n}`), token);
      await writeFile(at(`message-${n}`), message);
      const args = ['ts', '-verify', '-in', `token-${n}`, '-token_in', '-data', `message-${n}`, '-CAfile', 'ca.pem'];
      return openssl(...args).then(
        () => true,
        () => false,
      );
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
  const genuine = async (query: Buffer): Promise<Buffer> => {
    const n = turn++;
    await writeFile(at(`query-${n}`), query);
    await openssl('ts', '-reply', '-config', 'ts.cnf', '-queryfile', `query-${n}`, '-out', `reply-${n}`);
    return readFile(at(`reply-${n}`));
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const query = Buffer.concat(chunks);
      authority
        .answer(query, () => genuine(query))
        .then(
          (answer) =>
            typeof answer === 'number'
              ? response.writeHead(answer).end()
              : response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(answer),
          () => response.destroy(),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(authority, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa` });
}
