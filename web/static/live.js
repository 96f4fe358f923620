// How does a page hear of changes? A GraphQL subscription over graphql-transport-ws, connected again whenever it breaks.

const FIRST_DELAY = 1000;
const LONGEST_DELAY = 15000;

// Calls `onChange` after every event and after every lost connection, when something may have been missed.
// Returns a function that ends the subscription. The document is one that the server has registered.
export function subscribe(documentId, variables, onChange) {
  let socket;
  let timer;
  let delay = FIRST_DELAY;
  let ended = false;

  function connect() {
    const address = new URL("/graphql", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address, "graphql-transport-ws");
    socket.addEventListener("open", () => send({ type: "connection_init" }));
    socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
    socket.addEventListener("close", connectAgain);
  }

  function send(message) {
    socket.send(JSON.stringify(message));
  }

  function receive(message) {
    if (message.type === "connection_ack") {
      send({ id: "1", type: "subscribe", payload: { documentId, variables } });
    } else if (message.type === "next") {
      // Not before: who connects and is refused then must not try every second for ever.
      delay = FIRST_DELAY;
      onChange();
    } else if (message.type === "ping") {
      send({ type: "pong" });
    } else if (message.type === "error" || message.type === "complete") {
      socket.close(1000);
    }
  }

  function connectAgain() {
    if (ended) return;
    onChange();
    timer = setTimeout(connect, delay);
    delay = Math.min(delay * 2, LONGEST_DELAY);
  }

  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket.close(1000);
  };
}
