/** Who is signed in and what they may do. */
import { reactive } from 'vue';
import type { Me } from '../web/contract.ts';

/** `checked` turns true once the server has said whether someone is signed in. */
export const session = reactive<{ me: Me | null; checked: boolean }>({ me: null, checked: false });

export function may(permission: string): boolean {
  return session.me?.permissions.includes(permission) ?? false;
}
