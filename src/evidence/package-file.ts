/** Checks a package that lies on the disk. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { checkPackage, type CheckOptions, type CheckReport, type PackageBytes } from './package-check.ts';

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
    // The machine's own SHA-256 is some times as fast.
    const newHasher = () => {
      const hash = createHash('sha256');
      return { update: (piece: Uint8Array) => hash.update(piece), done: () => hash.digest('hex') };
    };
    return await checkPackage(bytes, { newHasher, ...options });
  } finally {
    await handle.close();
  }
}
