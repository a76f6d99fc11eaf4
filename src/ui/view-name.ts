/**
 * What a view is called where its camera's name stands beside it: a dome's view bears the camera's name before its own, a
 * fixed camera's mostly nothing else. @returns '' where nothing is left to say
 */
export function viewBeside(cameraName: string, viewName: string): string {
  if (viewName === cameraName) return '';
  const prefix = `${cameraName} · `;
  return viewName.startsWith(prefix) ? viewName.slice(prefix.length) : viewName;
}
