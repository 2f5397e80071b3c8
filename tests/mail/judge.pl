# Verifies the message on standard input by Mail::DKIM: one verdict a line for each signature.
# The arguments are names and texts of TXT records; no other name is looked up anywhere.
use strict;
use warnings;

package Records;

sub send {
    my ( $self, $name, $type ) = @_;
    my $answer = Net::DNS::Packet->new( $name, $type );
    my $text = $self->{ lc $name };
    if ( !defined $text ) {
        $answer->header->rcode('NXDOMAIN');
        return $answer;
    }
    my @strings = $text =~ /(.{1,255})/g;
    $answer->push( answer => Net::DNS::RR->new( name => $name, type => 'TXT', txtdata => \@strings ) );
    return $answer;
}

package main;

use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

Mail::DKIM::DNS::resolver( bless {@ARGV}, 'Records' );
my $verifier = Mail::DKIM::Verifier->new;
binmode STDIN;
while ( my $line = <STDIN> ) {
    $line =~ s/\r?\n\z//;
    $verifier->PRINT("$line\015\012");
}
$verifier->CLOSE;
print $_->result, "\n" for $verifier->signatures;
