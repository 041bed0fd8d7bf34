import path from 'node:path';
import type { HostEnvironment } from './hostEnvironment.ts';

/** Joins paths by the rules of that machine. */
export function pathsOf({ platform }: Pick<HostEnvironment, 'platform'>): path.PlatformPath {
  return platform === 'win32' ? path.win32 : path.posix;
}
