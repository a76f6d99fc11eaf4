/** Checks a package that lies on the disk. */
import { createHash, getHashes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import {
  checkPackage,
  type CheckOptions,
  type CheckReport,
  type Digester,
  type PackageBytes,
} from './package-check.ts';
import type { Sm3Digester } from './package-sm3.ts';

/** @throws the file system's error where the file cannot be read */
export async function checkFile(file: string, options: CheckOptions = {}): Promise<CheckReport> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes: PackageBytes = {
      size,
      async read(offset, length) {
        if (offset < 0 || offset >= size || length <= 0) return new Uint8Array();
        const buffer = Buffer.allocUnsafe(Math.min(length, size - offset));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        return buffer.subarray(0, bytesRead);
      },
    };
    return await checkPackage(bytes, { newDigester, ...(HAS_SM3 && { newSm3 }), ...options });
  } finally {
    await handle.close();
  }
}

/** The machine's own, which are some times as fast. */
export function newDigester(): Digester {
  const hash = createHash('sha256');
  let crc = 0;
  return {
    update(piece) {
      hash.update(piece);
      crc = crc32(piece, crc);
    },
    done: () => ({ sha256: hash.digest('hex'), crc32: crc }),
  };
}

/** OpenSSL may be built without it. */
const HAS_SM3 = getHashes().includes('sm3');

function newSm3(): Sm3Digester {
  const hash = createHash('sm3');
  return { update: (piece) => void hash.update(piece), done: () => hash.digest('hex') };
}
