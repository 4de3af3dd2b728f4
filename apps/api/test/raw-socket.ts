/** A Socket.IO namespace spoken by hand over a WebSocket, so that a test sees what is really on the wire. */
export interface RawSocket {
  /** Payloads of this event, in the order of arrival. */
  events(name: string): unknown[]
  emit(name: string, ...values: unknown[]): void
  /** What the server said when it refused, once it did. */
  refusal(): string | undefined
  isOpen(): boolean
  close(): void
}

export async function openSocket(url: string, namespace: string, auth: object = {}): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const heard: { name: string; value: unknown }[] = []
  let refusal: string | undefined
  let open = false
  const answered = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => {
      open = false
      resolve()
    })
    socket.addEventListener('message', ({ data }) => {
      const text = String(data)
      if (text.startsWith('0')) return socket.send(`40${namespace},${JSON.stringify(auth)}`)
      if (text === '2') return socket.send('3')
      const payload = text.slice(text.indexOf(',') + 1)
      if (text.startsWith(`40${namespace},`)) open = true
      if (text.startsWith(`41${namespace}`)) open = false
      if (text.startsWith(`44${namespace},`)) refusal = String(JSON.parse(payload).message)
      if (text.startsWith(`42${namespace},`)) {
        const [name, value] = JSON.parse(payload)
        heard.push({ name, value })
      }
      resolve()
    })
  })
  await answered
  return {
    events: (name) => heard.filter((event) => event.name === name).map(({ value }) => value),
    emit: (name, ...values) => socket.send(`42${namespace},${JSON.stringify([name, ...values])}`),
    refusal: () => refusal,
    isOpen: () => open,
    close: () => socket.close(),
  }
}
