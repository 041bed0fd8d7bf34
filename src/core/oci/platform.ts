/** OCI image-spec, image-index.md §platform. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** For messages: the parts of `linux/arm64/v8` that the image has; undefined if it has none. */
export function describePlatform({ os, architecture, variant = '' }: Platform): string | undefined {
  const parts = [os, architecture, variant].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join('/');
}

/** `linux/arm64/v8`: a key that identifies the platform. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined || platform.variant === '' ? base : `${base}/${platform.variant}`;
}
