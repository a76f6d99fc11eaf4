/** The contract's floor for passwords, said before the server has to. */
export const FEWEST_PASSWORD_CHARACTERS = 12;
