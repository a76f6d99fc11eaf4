/** A SOAP fault that a simulated device answers with: subcodes from the general to the particular (Core Specification, 5.8.2). */
export class OnvifFault extends Error {
  readonly subcodes: readonly string[];
  /** Whose fault it is; HTTP status 400 for the sender, 500 for the receiver (SOAP 1.2, part 2, 7.5). */
  readonly side: 'Sender' | 'Receiver';

  constructor(side: 'Sender' | 'Receiver', subcodes: readonly string[], reason: string) {
    super(reason);
    this.name = 'OnvifFault';
    this.side = side;
    this.subcodes = subcodes;
  }
}

export const invalid = (subcode: string, reason: string): OnvifFault =>
  new OnvifFault('Sender', ['InvalidArgVal', subcode], reason);

export const notSupported = (reason = 'Optional Action Not Implemented'): OnvifFault =>
  new OnvifFault('Receiver', ['ActionNotSupported'], reason);
