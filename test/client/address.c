// SPDX-License-Identifier: GPL-2.0
/* Addresses of both families. */
#include "client.h"
#include <string.h>

static bool is_mapped(const union address *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

int ip_version(const union address *a)
{
	return a->sa.sa_family == AF_INET6 && !is_mapped(a) ? 6 : 4;
}

static const void *address_bytes(const union address *a)
{
	if (a->sa.sa_family != AF_INET6)
		return &a->in.sin_addr;
	return &a->in6.sin6_addr.s6_addr[is_mapped(a) ? 12 : 0];
}

bool is_any(const union address *a)
{
	return !memcmp(address_bytes(a), &in6addr_any, ip_version(a) == 6 ? 16 : 4);
}

socklen_t address_len(const union address *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

/* The port is at the same offset in both families. */
unsigned int port_of(const union address *a)
{
	return ntohs(a->in.sin_port);
}

const char *address_text(const union address *a, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(ip_version(a) == 6 ? AF_INET6 : AF_INET, address_bytes(a), text,
			 INET6_ADDRSTRLEN);
}

bool parse_address(const char *text, unsigned int port, union address *a)
{
	memset(a, 0, sizeof(*a));
	a->in.sin_port = htons(port);
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1)
		a->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1)
		a->sa.sa_family = AF_INET6;
	return a->sa.sa_family != AF_UNSPEC;
}
