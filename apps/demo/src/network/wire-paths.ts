/** Where the service is on each process' address. */
export const paths = { orders: "/orders", products: "/products", socket: "/socket" } as const;
