#include "init.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int control;

static void set(unsigned long request, struct ifreq *interface, const char *what) {
    if (ioctl(control, request, interface) < 0) fail("%s of %s: %s", what, interface->ifr_name, strerror(errno));
}

static void up(const char *name) {
    struct ifreq interface = {0};
    snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
    interface.ifr_flags = IFF_UP;
    set(SIOCSIFFLAGS, &interface, "state");
}

static void address(struct sockaddr *to, const char *text, const char *what) {
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &in->sin_addr) != 1) fail("%s in config.json is not an IPv4 address: %s", what, text);
}

static void static_address(const char *name, char *cidr) {
    char *slash = strchr(cidr, '/');
    long bits = slash == NULL ? -1 : strtol(slash + 1, NULL, 10);
    if (bits < 1 || bits > 32) fail("network.address in config.json is not ADDRESS/BITS: %s", cidr);
    *slash = '\0';
    struct ifreq interface = {0};
    snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
    address(&interface.ifr_addr, cidr, "network.address");
    set(SIOCSIFADDR, &interface, "address");
    ((struct sockaddr_in *)&interface.ifr_netmask)->sin_addr.s_addr = htonl(~0U << (32 - bits));
    set(SIOCSIFNETMASK, &interface, "netmask");
}

static void default_route(const char *gateway) {
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    address(&route.rt_gateway, gateway, "network.gateway");
    route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
    if (ioctl(control, SIOCADDRT, &route) < 0) fail("default route by %s: %s", gateway, strerror(errno));
}

static void write_names(const char *config) {
    char hostname[65] = "strata", text[1024] = "", server[64], path[32];
    gethostname(hostname, sizeof hostname);
    int length = snprintf(text, sizeof text, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 %s\n", hostname);
    write_new_file("/run/strata/hosts", text, (size_t)length, 0644);
    length = 0;
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "network.dns.%d", i);
        if (!json_get(config, path, server, sizeof server)) break;
        struct sockaddr_in6 probe;
        if (inet_pton(AF_INET, server, &probe) != 1 && inet_pton(AF_INET6, server, &probe) != 1) fail("%s in config.json is not an address: %s", path, server);
        length += snprintf(text + length, sizeof text - (size_t)length, "nameserver %s\n", server);
    }
    write_new_file("/run/strata/resolv.conf", text, (size_t)length, 0644);
}

void bring_up_network(void) {
    char config[16384], cidr[64], gateway[64];
    if (read_file(CONFIG_DIR "/config.json", config, sizeof config) < 0) fail("no config.json");
    load_modules("/usr/lib/strata/modules/network");
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) fail("socket: %s", strerror(errno));
    up("lo");
    write_names(config);
    if (!json_get(config, "network.address", cidr, sizeof cidr)) fail("config.json is not JSON or has no network.address");
    up("eth0");
    static_address("eth0", cidr);
    if (json_get(config, "network.gateway", gateway, sizeof gateway)) default_route(gateway);
}
