import { thisHost, type HostEnvironment } from '../docker/endpoint/hostEnvironment.ts';
import { runHelper, type RunHelper } from './helperProcess.ts';
import { readSmallFile } from './readSmallFile.ts';

/** All of the machine that the sources of logins read, so that tests can describe any machine. */
export interface CredentialMachine extends HostEnvironment {
  readonly runHelper: RunHelper;
}

/** The machine that this process runs on. */
export function thisMachine(): CredentialMachine {
  return { ...thisHost(), readFile: readSmallFile, runHelper };
}
