import fc from 'fast-check';

/** An answer with pieces cut out, doubled, moved, or put in from elsewhere. */
export function mangledFrom(answers: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom(...answers),
      fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          length: fc.nat(200),
          how: fc.constantFrom('cut', 'double', 'put'),
          put: fc.oneof(
            fc.constantFrom(
              '<',
              '>',
              '"',
              '</',
              '/>',
              '<![CDATA[',
              ']]>',
              '<!--',
              '&',
              '&#0;',
              '&#x110000;',
              'x="NaN"',
            ),
            fc.string({ unit: 'binary', maxLength: 8 }),
          ),
        }),
        { maxLength: 6 },
      ),
    )
    .map(([answer, changes]) =>
      changes.reduce((text, { at, length, how, put }) => {
        const from = Math.floor(at * text.length);
        const piece = text.slice(from, from + length);
        if (how === 'cut') return text.slice(0, from) + text.slice(from + length);
        return text.slice(0, from) + (how === 'double' ? piece : put) + text.slice(from);
      }, answer),
    );
}
