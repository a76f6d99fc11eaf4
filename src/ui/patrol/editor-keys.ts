/** Keys of an editor: save, undo, redo. In a field the browser's own undo is meant. */
export function editorKeys(deeds: { save(): void; undo(): void; redo(): void }): (event: KeyboardEvent) => void {
  return (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    const isField = event.target instanceof HTMLInputElement;
    let deed: (() => void) | undefined;
    if (key === 's') deed = deeds.save;
    else if (!isField && key === 'z') deed = event.shiftKey ? deeds.redo : deeds.undo;
    else if (!isField && key === 'y') deed = deeds.redo;
    if (!deed) return;
    event.preventDefault();
    deed();
  };
}
