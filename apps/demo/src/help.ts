export const help = `Usage: demo [options]
       demo outages [options]
       demo rolling-restart [options]
       demo hostile [options]

The performance test: a burst of requests through a composed service, each 10 ms of database and 50 ms of external API.

  --requests N    how many requests arrive at once (default 1000)
  --workers N     how many are served at a time (default 100)
  --fail-rate P   share of the external API's answers that fail, 0 to 1 (default 0)
  --seed S        which of them fail: the same seed, the same requests (default 1)
  --compare       run it side by side with a bare semaphore on bare timers
  --real          nothing simulated: HTTP and WebSocket clients, a balancer, two service processes, PostgreSQL (DATABASE_URL,
                  else an embedded server) through a pool and a cache, Redis where it is installed, and an HTTP upstream
  --json          print the report as JSON
  --help          print this

outages: kills the upstream, PostgreSQL and Redis in turn, with -9, while clients go on asking, and brings each back.

  --rate N        how many requests come each second (default 100)
  --phase-ms N    how long each dependency is gone (default 2000)
  --deadline-ms N how long each client waits for its answer (default 1000)
  --json          print the report as JSON
  --help          print this

rolling-restart: restarts the processes of the service one after the other, while autocannon and WebSocket clients go on asking.

  --processes N   how many there are (default 3)
  --connections N over how many connections HTTP clients ask (default 20)
  --senders N     how many clients send messages over WebSocket (default 20)
  --settle-ms N   how long all work before, between and after (default 1000)
  --json          print the report as JSON
  --help          print this

hostile: attacks a server in six ways in turn, while normal clients go on asking: slowloris, headers, garbage, half-closed, flood, keys.

  --attack NAME   only this one
  --seconds N     how long each lasts (default 3)
  --rate N        normal requests a second over HTTP; a quarter as many come over WebSocket (default 200)
  --keys N        how many distinct keys come (default 1000000)
  --deadline-ms N how long each normal client waits for its answer (default 1000)
  --json          print the report as JSON
  --help          print this

Exit status: 0 all well, 1 a request failed that was not asked to or a claim was broken, 2 a wrong option, 130
interrupted.
`;
