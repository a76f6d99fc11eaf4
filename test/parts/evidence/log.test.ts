import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { silentLogger } from '../../../src/base/log.ts';
import { migrate, openDatabase } from '../../../src/drivers/postgres/postgres.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  appendEntry,
  entriesAbout,
  logSize,
  proveConsistency,
  proveInclusion,
  readEntries,
  readLogId,
  rootAt,
} from '../../../src/evidence/log.ts';
import { sha256OfText } from '../../../src/evidence/canonical.ts';
import { writeEntry } from '../../../src/evidence/log-entry.ts';
import { hexOf, leafHash, nodeHash, rootOf, verifyConsistency, verifyInclusion } from '../../../src/evidence/merkle.ts';
import type { Hash, Subtree } from '../../../src/evidence/merkle.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const NOON_MS = Date.UTC(2026, 5, 1, 12);

const append = (n: number): Promise<number> =>
  fresh.db.transaction().execute((trx) =>
    appendEntry(trx, {
      kind: 'snapshot.sealed',
      atMs: NOON_MS + n,
      body: { n, 名: '屋顶' },
      about: [`view:${n % 3}`],
    }),
  );

async function allLeaves(): Promise<Hash[]> {
  const rows = await fresh.db.selectFrom('log_entry').select('entry').orderBy('seq').execute();
  return rows.map((row) => leafHash(row.entry));
}

function over(leaves: readonly Hash[]): (subtree: Subtree) => Hash {
  const hashOf = ({ level, index }: Subtree): Hash =>
    level === 0
      ? leaves[index]!
      : nodeHash(hashOf({ level: level - 1, index: index * 2 }), hashOf({ level: level - 1, index: index * 2 + 1 }));
  return hashOf;
}

test('begins with an entry that names the log', async () => {
  const [first] = await readEntries(fresh.db, [0]);
  expect(first).toMatchObject({ seq: 0, kind: 'log.begun' });
  const { logId } = JSON.parse(first!.body);
  expect(await readLogId(fresh.db)).toBe(logId);
  // What the migration wrote is what the program would have written.
  expect(writeEntry('log.begun', first!.at.getTime(), JSON.parse(first!.body))).toEqual({
    entry: first!.entry,
    body: first!.body,
  });
});

test('the tree of the database is the tree of the rules, entry by entry, and proves each', async () => {
  for (let n = 0; n < 70; n++) {
    await append(n);
    const size = await logSize(fresh.db);
    expect(hexOf(await rootAt(fresh.db, size))).toBe(hexOf(rootOf(size, over(await allLeaves()))));
  }
  const size = await logSize(fresh.db);
  const leaves = await allLeaves();
  const root = await rootAt(fresh.db, size);
  for (let index = 0; index < size; index++) {
    expect(verifyInclusion(leaves[index]!, await proveInclusion(fresh.db, index, size), root)).toBe(true);
    const earlier = await rootAt(fresh.db, index);
    expect(verifyConsistency(await proveConsistency(fresh.db, index, size), earlier, root)).toBe(true);
  }
  await expect(proveInclusion(fresh.db, size, size)).rejects.toThrow(RangeError);
  await expect(rootAt(fresh.db, size + 1)).rejects.toThrow(RangeError);
});

test('what tells of a thing is found by it, in order and by pages', async () => {
  const found = await entriesAbout(fresh.db, 'view:1', { afterSeq: -1, most: 5 });
  expect(found.map(({ body }) => JSON.parse(body).n)).toEqual([1, 4, 7, 10, 13]);
  expect(found[0]!.body).toBe('{"n":1,"名":"屋顶"}');
  const next = await entriesAbout(fresh.db, 'view:1', { afterSeq: found[4]!.seq, most: 1 });
  expect(next.map(({ body }) => JSON.parse(body).n)).toEqual([16]);
});

test('many writers at once, some of whom fail, leave no gap and one tree', async () => {
  const before = await logSize(fresh.db);
  const tries = await Promise.allSettled(
    Array.from({ length: 60 }, (_, n) =>
      fresh.db.transaction().execute(async (trx) => {
        const seq = await appendEntry(trx, { kind: 'snapshot.sealed', atMs: NOON_MS, body: { n }, about: [] });
        if (n % 4 === 0) throw new Error('changed its mind');
        return seq;
      }),
    ),
  );
  const seqs = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, n) => before + n));
  const size = before + 45;
  expect(await logSize(fresh.db)).toBe(size);
  expect(hexOf(await rootAt(fresh.db, size))).toBe(hexOf(rootOf(size, over(await allLeaves()))));
});

describe('the database itself', () => {
  test.each([
    ['log_entry', `entry = 'x'`],
    ['log_subject', `subject = 'x'`],
    ['log_tree_head', `head = 'x'`],
    ['log_timestamp', `authority = 'x'`],
    ['snapshot', `cause = 'pulled'`],
    ['snapshot_file', `role = 'x'`],
  ])('refuses to change, delete or empty %s, its owner too', async (table, change) => {
    const { db } = fresh;
    if (table === 'log_tree_head') {
      await db.insertInto('log_tree_head').values({ size: 1, head: '{}', signature: '' }).execute();
    }
    if (table === 'log_timestamp') {
      const values = { head_id: 1, authority: 'a', gen_time: new Date(NOON_MS), token: Buffer.of(1) };
      await db.insertInto('log_timestamp').values(values).execute();
    }
    if (table === 'snapshot') {
      await sql`insert into snapshot (id, entry, cause, sealed_at, camera_id, view_id, stream_state)
        values (gen_random_uuid(), 1, 'pulled', now(), 1, 1, 'none')`.execute(db);
    }
    if (table === 'snapshot_file') {
      await sql`insert into snapshot_file (sha256, snapshot_id, role) values ('a', gen_random_uuid(), 'after')`.execute(
        db,
      );
    }
    await expect(sql.raw(`update ${table} set ${change}`).execute(db)).rejects.toThrow(/only ever added/);
    await expect(sql.raw(`delete from ${table}`).execute(db)).rejects.toThrow(/only ever added/);
    await expect(sql.raw(`truncate ${table}`).execute(db)).rejects.toThrow(/only ever added/);
    const { rows } = await sql<{ acl: string }>`select coalesce(array_to_string(relacl, ','), '') as acl
      from pg_class where relname = ${table}`.execute(db);
    // An owner who is no superuser is stopped by the rights before the trigger: no w (update), d (delete), D (truncate).
    expect(rows[0]!.acl).toMatch(/=/);
    expect(rows[0]!.acl).not.toMatch(/=[a-zA-Z]*[wdD]/);
  });

  test('keeps an owner who is no superuser from it by rights, and lets them append', async () => {
    const role = `owner_${randomUUID().replaceAll('-', '')}`;
    await sql.raw(`create role ${role} login password 'plain'`).execute(fresh.db);
    await sql.raw(`create database ${role} owner ${role}`).execute(fresh.db);
    const url = new URL(fresh.url);
    Object.assign(url, { username: role, password: 'plain', pathname: `/${role}` });
    const own = openDatabase(url.href, silentLogger, 2);
    try {
      await migrate(own);
      await own
        .transaction()
        .execute((trx) => appendEntry(trx, { kind: 'snapshot.sealed', atMs: NOON_MS, body: {}, about: ['view:1'] }));
      expect(await logSize(own)).toBe(2);
      const attempts = [
        `update log_entry set body = ''`,
        'delete from log_entry',
        'truncate log_entry',
        'delete from snapshot',
      ];
      for (const attempt of attempts) {
        await expect(sql.raw(attempt).execute(own)).rejects.toThrow(/permission denied/);
      }
    } finally {
      await own.destroy();
      await sql.raw(`drop database ${role} with (force)`).execute(fresh.db);
      await sql.raw(`drop role ${role}`).execute(fresh.db);
    }
  });

  test('refuses an entry that does not bear the digest of its body', async () => {
    const { entry } = writeEntry('snapshot.sealed', NOON_MS, { a: 1 });
    await expect(fresh.db.insertInto('log_entry').values({ entry, body: '{"a":2}' }).execute()).rejects.toThrow(
      /digest of its body/,
    );
  });

  test('gives number, kind, time and hashes itself, whatever is inserted', async () => {
    const body = '{"a":1}';
    const entry = `{"at":"2026-06-01T00:00:00.000Z","bodySha256":"${sha256OfText(body)}","format":"sentinel-log-entry/1","kind":"snapshot.sealed"}`;
    const size = await logSize(fresh.db);
    await sql`insert into log_entry (seq, kind, at, entry, body, nodes)
      values (5, 'forged', now(), ${entry}, ${body}, '\\x00')`.execute(fresh.db);
    const [stored] = await readEntries(fresh.db, [size]);
    expect(stored).toMatchObject({ kind: 'snapshot.sealed', at: new Date('2026-06-01T00:00:00.000Z') });
    expect(await logSize(fresh.db)).toBe(size + 1);
    expect(hexOf(await rootAt(fresh.db, size + 1))).toBe(hexOf(rootOf(size + 1, over(await allLeaves()))));
  });
});
