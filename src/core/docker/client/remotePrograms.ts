/** The programs that can connect stdin and stdout to the engine's socket, in the order in which they are tried. */
export const remotePrograms = ['docker', 'podman'] as const;

export type RemoteProgram = (typeof remotePrograms)[number];

/** The command for the other machine. `socket`: the engine's socket there; undefined lets the program choose. */
export function dialCommand(program: RemoteProgram, socket: string | undefined): readonly string[] {
  const option = program === 'docker' ? '--host' : '--url';
  const engine = socket === undefined ? [] : [option, `unix://${socket}`];
  return [program, ...engine, 'system', 'dial-stdio'];
}
