/** The pages and who may open them. A page asked for before signing in is shown after it. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { api } from './api.ts';
import { setServerTime } from './now.ts';
import { may, session } from './session.ts';

declare module 'vue-router' {
  interface RouteMeta {
    /** The permission without which the page is neither offered nor opened. */
    permission?: string;
    open?: boolean;
    /** A screen of the wall: without navigation, for paired machines too; it asks for its session by itself. */
    kiosk?: boolean;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/review' },
    { path: '/sign-in', name: 'sign-in', component: () => import('./people/SignInPage.vue'), meta: { open: true } },
    { path: '/review/:id(\\d+)?', name: 'review', component: () => import('./review/ReviewPage.vue') },
    {
      path: '/evidence',
      component: () => import('./evidence/EvidencePage.vue'),
      meta: { permission: 'evidence.read' },
      children: [
        { path: '', name: 'evidence', component: () => import('./evidence/SnapshotGallery.vue') },
        {
          path: 'views/:viewId(\\d+)?',
          name: 'evidence-views',
          component: () => import('./evidence/ViewTimeline.vue'),
        },
        {
          path: 'packages',
          name: 'evidence-packages',
          component: () => import('./evidence/PackageList.vue'),
          meta: { permission: 'evidence.export' },
        },
        {
          path: 'custody',
          name: 'evidence-custody',
          component: () => import('./evidence/CustodyPage.vue'),
          meta: { permission: 'custody.audit' },
        },
      ],
    },
    {
      path: '/patrol/:id(\\d+)?',
      name: 'patrol',
      component: () => import('./patrol/PatrolPage.vue'),
      meta: { permission: 'patrol.read' },
    },
    { path: '/wall', redirect: '/wall/1' },
    {
      path: '/wall/:number([1-9]|1\\d|20)',
      name: 'wall',
      component: () => import('./wall/WallPage.vue'),
      meta: { kiosk: true },
    },
    {
      path: '/screens',
      name: 'screens',
      component: () => import('./screens/ScreensPage.vue'),
      meta: { permission: 'screens.read' },
    },
    { path: '/cameras', name: 'cameras', component: () => import('./cameras/CamerasPage.vue') },
    {
      path: '/plan/:id(\\d+)?',
      name: 'plan',
      component: () => import('./plan/PlanPage.vue'),
      meta: { permission: 'plan.read' },
    },
    {
      path: '/console',
      name: 'console',
      component: () => import('./console/ConsolePage.vue'),
      children: [
        {
          path: '/estate',
          name: 'estate',
          component: () => import('./estate/EstatePage.vue'),
          meta: { permission: 'estate.read' },
        },
        { path: '/users', name: 'users', component: () => import('./people/UsersPage.vue') },
        {
          path: '/health',
          name: 'health',
          component: () => import('./console/HealthPage.vue'),
          meta: { permission: 'system.read' },
        },
        {
          path: '/audit',
          name: 'audit',
          component: () => import('./console/AuditPage.vue'),
          meta: { permission: 'audit.read' },
        },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/review' },
  ],
});

router.beforeEach(async (to) => {
  if (!session.checked) await checkSession();
  if (to.meta.kiosk) return true;
  // A machine of the wall has no other page.
  if (session.me?.isMachine) return to.meta.open ? true : '/wall/1';
  if (to.meta.open) return session.me ? wantedAfterSignIn(to) : true;
  if (!session.me) return { name: 'sign-in', query: to.fullPath === '/review' ? {} : { next: to.fullPath } };
  // The console is a frame for its pages.
  if (to.name === 'console') return { name: may('estate.read') ? 'estate' : 'users' };
  if (to.meta.permission && !may(to.meta.permission)) return { name: 'review' };
  return true;
});

/** Asks the server who is signed in; a server that does not answer leaves the question open. */
export async function checkSession(): Promise<void> {
  try {
    const me = await api.me();
    session.me = me;
    setServerTime(me.serverTime);
    session.checked = true;
  } catch (thrown) {
    session.checked = thrown instanceof Error && 'status' in thrown && thrown.status === 401;
  }
}

/** Only a path of ours: a link that names another site is not followed. */
export function wantedAfterSignIn(route: Pick<RouteLocationNormalized, 'query'>): string {
  const next = route.query['next'];
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/review';
}
