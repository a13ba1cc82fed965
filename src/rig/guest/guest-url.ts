/** How a guest behind QEMU's user networking reaches the host: its loopback is 10.0.2.2 inside. */

const HOST_ADDRESS = '10.0.2.2'
/** The addresses that mean all of a host's are its loopback too. */
const LOOPBACK = /^(localhost|0\.0\.0\.0|127(\.\d+){3}|\[::1?\])$/

/** The URL as the guest has to call it; one that is not on this host's loopback is the same inside. */
export function guestUrl(url: string): string {
  const parsed = new URL(url)
  if (!LOOPBACK.test(parsed.hostname)) return url
  parsed.hostname = HOST_ADDRESS
  return parsed.href.replace(/\/$/, '')
}
