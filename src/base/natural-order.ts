/**
 * A text by which others sort as people count: 9号楼 before 10号楼, whatever the database's own order of letters. Numbers
 * are padded to ten digits; longer ones keep their own length.
 */
export function naturalKey(text: string): string {
  return text
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(10, '0'));
}
