/** OCI image-spec, image-index.md §platform. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** For people: as much of `linux/arm64/v8` as the image says; undefined if it says nothing of it. */
export function describePlatform({ os, architecture, variant = '' }: Platform): string | undefined {
  const parts = [os, architecture, variant].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join('/');
}

/** `linux/arm64/v8`; tells platforms apart. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined || platform.variant === '' ? base : `${base}/${platform.variant}`;
}
