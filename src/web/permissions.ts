/**
 * Who may do what: the one table. Every route names one of these permissions, or `public` where nobody need be signed
 * in; a route that names none stops the start.
 */
import type { RoleName } from '../drivers/postgres/schema.ts';

const EVERYBODY = ['viewer', 'operator', 'enforcement', 'admin'] as const;

export const PERMISSIONS = {
  /** Who am I. */
  'account.read': EVERYBODY,
  /** One's own account: sign out, password, tokens. */
  'account.own': EVERYBODY,
  'cameras.read': EVERYBODY,
  'views.read': EVERYBODY,
  /** Live pictures. */
  'live.read': EVERYBODY,
  'candidates.read': EVERYBODY,
  'events.read': EVERYBODY,
  /** Figures for monitoring; also read without an account from the machine itself. */
  'metrics.read': EVERYBODY,
  /** Claim, decide, take back. */
  'candidates.judge': ['operator', 'enforcement', 'admin'],
  /** Name, cadence, thresholds and areas of a view; pause and resume. */
  'views.change': ['operator', 'admin'],
  /** Connect to a camera now and see what it shows. */
  'cameras.test': ['operator', 'admin'],
  /** Try what a view can see. */
  'views.drill': ['operator', 'admin'],
  /** Say what is lawful: accept, remove, learn anew. */
  'baselines.decide': ['operator', 'admin'],
  /** Routes, turrets, their log, coverage, tasks. */
  'patrol.read': EVERYBODY,
  /** Draw routes, test them, set what a turret does when idle, close tasks. */
  'patrol.change': ['operator', 'admin'],
  /** Take a turret by hand. */
  'turret.drive': ['operator', 'enforcement', 'admin'],
  /** See evidence, once a reason was given: of the cameras of one's unit. */
  'evidence.read': ['operator', 'enforcement', 'admin'],
  /** Have a snapshot taken now. */
  'evidence.pull': ['operator', 'enforcement', 'admin'],
  /** Take the camera's own bytes and packages away. */
  'evidence.export': ['enforcement', 'admin'],
  /** Keep evidence from being pruned, and release what one's unit keeps. */
  'evidence.hold': ['enforcement', 'admin'],
  /** Who touched a snapshot. */
  'custody.read': ['operator', 'enforcement', 'admin'],
  /** Who touched what, of everybody. */
  'custody.audit': ['admin'],
  /** Set a camera's clock. */
  'clocks.set': ['operator', 'admin'],
  /** What a screen of the wall shows, and reporting as one. */
  'screens.show': EVERYBODY,
  /** Every screen: what it is assigned, and how it is. */
  'screens.read': ['operator', 'enforcement', 'admin'],
  'screens.assign': ['operator', 'admin'],
  /** Let a machine show screens with nobody signed in, and end that. */
  'screens.pair': ['admin'],
  /** Say that one has seen an alert. */
  'alerts.acknowledge': ['operator', 'enforcement', 'admin'],
  'units.manage': ['admin'],
  'cameras.import': ['admin'],
  /** Where a camera hangs, by which units see it, and whether it is looked through at all. */
  'cameras.change': ['admin'],
  /** Plans with what is on them, and the buildings' names. */
  'plan.read': EVERYBODY,
  'plan.change': ['operator', 'admin'],
  /** Households: personal data. */
  'estate.read': ['operator', 'enforcement', 'admin'],
  'estate.change': ['admin'],
  /** What the machines are at: processes, queue, disk. */
  'system.read': ['operator', 'admin'],
  'audit.read': ['admin'],
  'users.manage': ['admin'],
} as const satisfies Record<string, readonly RoleName[]>;

export type Permission = keyof typeof PERMISSIONS;

export function mayDo(role: RoleName, permission: Permission): boolean {
  return (PERMISSIONS[permission] as readonly RoleName[]).includes(role);
}

/** All that a machine of the wall may do: it looks, and nothing that outlasts it comes of it. */
const OF_MACHINES: ReadonlySet<Permission> = new Set<Permission>([
  'account.read',
  'cameras.read',
  'views.read',
  'live.read',
  'candidates.read',
  'events.read',
  'patrol.read',
  'plan.read',
  'screens.show',
]);

/** Whoever asks, as far as it matters for what they may do. */
interface Asker {
  readonly role: RoleName;
  readonly machineId?: number;
}

export function maySomebody({ role, machineId }: Asker, permission: Permission): boolean {
  return mayDo(role, permission) && (machineId === undefined || OF_MACHINES.has(permission));
}

export function permissionsOf(asker: Asker): Permission[] {
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => maySomebody(asker, permission));
}
