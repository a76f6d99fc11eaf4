/** Pairing a machine that shows screens: a code on the screen, typed in at the console. */
import { Type } from 'typebox';
import { LIMITS } from '../../base/limits.ts';
import {
  IdParams,
  MachineList,
  PairBody,
  PairedMachine,
  Pairing,
  PairingClaim,
  PairingState,
  ScreenParams,
} from '../contract.ts';
import { signedIn } from '../guard.ts';
import { acceptPairing, beginPairing, claimPairing, listMachines, removeMachine } from '../pairing-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const TAGS = ['wall'];

export function machineRoutes(server: Server, { db, clock, cookie }: WebParts): void {
  server.post(
    '/api/v1/screens/:number/pairing',
    {
      config: { permission: 'public' },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: {
        tags: TAGS,
        summary: 'A page without a session asks for a code to show',
        params: ScreenParams,
        response: answers(Pairing),
      },
    },
    ({ params }) => beginPairing(db, params.number, clock.nowMs()),
  );

  server.post(
    '/api/v1/pairings/claim',
    {
      config: { permission: 'public' },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: {
        tags: TAGS,
        summary: 'The waiting page asks whether its code was typed in; if so it is given its session',
        body: PairingClaim,
        response: answers(PairingState),
      },
    },
    async (request, reply) => {
      const claimed = await claimPairing(db, request.body.secret, clock.nowMs());
      if (typeof claimed === 'string') return { state: claimed };
      cookie.set(reply, claimed.id, claimed.expiresAtMs);
      return { state: 'paired' as const };
    },
  );

  server.post(
    '/api/v1/machines',
    {
      config: { permission: 'screens.pair' },
      schema: {
        tags: TAGS,
        summary: 'Type in the code that a screen shows: its machine may then show screens',
        body: PairBody,
        response: answers(PairedMachine),
      },
    },
    (request) => acceptPairing(db, request.body, signedIn(request).userId, clock.nowMs()),
  );

  server.get(
    '/api/v1/machines',
    {
      config: { permission: 'screens.read' },
      schema: { tags: TAGS, summary: 'Machines that show screens', response: answers(MachineList) },
    },
    async () => ({ items: await listMachines(db, new Date(clock.nowMs() - 3 * LIMITS.screenReportMs)) }),
  );

  server.delete(
    '/api/v1/machines/:id',
    {
      config: { permission: 'screens.pair' },
      schema: {
        tags: TAGS,
        summary: 'End a machine’s session; its screens ask to be paired again',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await removeMachine(db, request.params.id, signedIn(request).userId, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}
