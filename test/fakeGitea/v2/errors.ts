import { textReply, type Reply } from '../http/reply.ts';

/** The codes of the distribution spec with the status that Gitea gives them. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 501,
} as const;

export type ErrorCode = keyof typeof statuses;

const version = { 'Docker-Distribution-Api-Version': 'registry/2.0' };

/** A response of the registry: always with its version header. */
export function registryReply(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers: { ...headers, ...version } };
}

export function registryJson(status: number, value: unknown, headers: Record<string, string | string[]> = {}): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...version, ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function registryError(code: ErrorCode, options: { message?: string; status?: number } = {}): Reply {
  return registryJson(options.status ?? statuses[code], { errors: [{ code, message: options.message ?? '' }] });
}

/** Server errors and refused quotas have no body. */
export const silentFailure = (): Reply => registryReply(500);
export const quotaRefused = (): Reply => registryReply(403);

/** The refusal that docker shows as "unauthorized: reqPackageAccess" (#31531). */
export function accessRefused(): Reply {
  return textReply(401, 'reqPackageAccess', { 'WWW-Authenticate': 'Basic realm="Gitea Package API"' });
}

/** The Location of an object or a session: a path without host, and the digest twice. */
export function storedReply(location: string, digest: string): Reply {
  return registryReply(201, { 'Docker-Content-Digest': digest, ETag: `"${digest}"`, Location: location });
}
