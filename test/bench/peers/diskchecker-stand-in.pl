# A stand-in for diskchecker.pl in the tests of the benchmark: it speaks the same command line, keeps its state in the same place and
# says the same words, and is no test of disks. The real one is not ours to ship.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my $PAGE  = 16384;
my $STATE = '/tmp/127.0.0.1.diskchecker';
my ($option, $where, $mode, $file, $megabytes) = @ARGV;

serve($where) if $option eq '-l';
my $server = IO::Socket::INET->new(PeerAddr => $where) or die "no server at $where\n";
setsockopt($server, IPPROTO_TCP, TCP_NODELAY, 1);
$mode eq 'create' ? create() : verify();

sub page_text { my ($number) = @_; return substr("page version $number " x ($PAGE / 8), 0, $PAGE) }

sub create {
    open(my $disk, '+<', $file) or die "cannot open $file\n";
    for (my $version = 1;; $version++) {
        my $page = int rand($megabytes * 1048576 / $PAGE);
        print $server "before $page $version\n";
        $server->flush;
        <$server> // die "the server is gone\n";
        sysseek($disk, $page * $PAGE, 0);
        syswrite($disk, page_text($version)) == $PAGE or die "short write\n";
        $disk->sync or die "sync failed\n";
        print $server "after $page $version\n";
        $server->flush;
    }
}

sub verify {
    print $server "read\n";
    $server->flush;
    my $errors = 0;
    open(my $disk, '<', $file) or die "cannot open $file\n";
    while (my $line = <$server>) {
        my ($page, $version) = split ' ', $line;
        sysseek($disk, $page * $PAGE, 0);
        sysread($disk, my $found, $PAGE);
        next if $found eq page_text($version);
        $errors++;
        print "  Error at page $page, 0 seconds before end.\n";
    }
    print "Total errors: $errors\n";
}

sub serve {
    my ($port) = @_;
    my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or die "no port\n";
    while (my $client = $listener->accept) {
        setsockopt($client, IPPROTO_TCP, TCP_NODELAY, 1);
        my %sure;
        while (my $line = <$client>) {
            my ($word, $page, $version) = split ' ', $line;
            if ($word eq 'read') { open(my $in, '<', $STATE) or die; print $client $_ while <$in>; last }
            elsif ($word eq 'before') { delete $sure{$page}; print $client "ok\n"; $client->flush }
            else { $sure{$page} = $version }
        }
        next unless %sure;
        open(my $out, '>', $STATE) or die;
        print $out "$_ $sure{$_}\n" for keys %sure;
        close $out;
    }
    exit 0;
}
